"""The simulator speaks the dialect of Amazon Payment Services, written from its documentation, not our connector."""
