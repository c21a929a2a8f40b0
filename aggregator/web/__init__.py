"""The desk's page: stories with their reports and reasons, editors' verbs, feeds' health and editions, in a browser.

Everything goes through the façade. Starlette, uvicorn and the page's templates live here alone.
"""
