from tests.review.conftest import argilla, argilla_python  # noqa: F401
