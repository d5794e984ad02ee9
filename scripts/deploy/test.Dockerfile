# The tests in a container: docker compose --profile test run --rm test

ARG PYTHON_IMAGE=python:3.11-slim-bookworm
FROM ${PYTHON_IMAGE}
# The test of the README runs its curl.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends curl \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home tester \
 && install --directory --owner tester /app
WORKDIR /app
COPY scripts/requirements/test.txt scripts/requirements/test.txt
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary=:all: \
      --require-hashes -r scripts/requirements/test.txt
COPY --chown=tester . .
USER tester
ENV PATH=/opt/venv/bin:$PATH ORT_DISABLE_TELEMETRY=1
CMD ["python", "-m", "pytest"]
