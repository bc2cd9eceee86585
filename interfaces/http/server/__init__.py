"""The HTTP server: admission, authentication, bodies, replies, problems, and the OpenAPI document."""
