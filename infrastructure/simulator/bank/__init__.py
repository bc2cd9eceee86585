"""The simulated bank accepts payment files in pain.001.001.09 and reports the result of each payment later."""
