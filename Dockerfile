# The prediction service: what serving needs, and the models of artifacts/, each compiled to ONNX.
#
#   docker build -t vistazo .
#   docker run --rm -p 8000:8000 --memory 256m --cpus 0.1 vistazo
#   docker run --rm -p 8000:80 -e PORT=80 -e MODEL_PATH=/app/artifacts/leaves/leaves.keras vistazo
#
# With a model of your own in artifacts/mine/, which is then compiled here as well:
#
#   docker build -t vistazo --build-arg MODEL_PATH=artifacts/mine/mine.keras .
#
# Layers are ordered by how seldom they change: a change of the source leaves the packages cached.

ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS packages
# Which locked set goes in: by default what engine and device need. Each holds the same packages and
# more; that for CUDA another ONNX Runtime, and the libraries of the GPU (2.5 GB), but its driver.
ARG ENGINE=""
ARG DEVICE=""
ARG REQUIREMENTS=""
# With 1 what speaks to a Redis goes in beside it, for REDIS_URL.
ARG REDIS=""
# With 1 what writes reports as DICOM goes in beside it (25 MB; as much again, which it never reads,
# is left out).
ARG DICOM_REPORTS=""
COPY requirements.txt /tmp/
COPY scripts/requirements /tmp/scripts/requirements
# Wheels only: nothing is compiled, so no compiler is wanted. What goes afterwards is the tests that
# three packages carry for themselves (35 MB), and of GDCM its programs and two of three copies of
# each library: a wheel has no links (24 MB). Bytecode is made last, and is valid whatever becomes of
# the files' times on their way through layers and registries: to make it again at every start would
# take a minute on a tenth of a CPU.
RUN case "$DEVICE $ENGINE" in \
      cuda*) needed=scripts/requirements/cuda.txt ;; \
      *openvino) needed=scripts/requirements/openvino.txt ;; \
    esac \
 && if [ "$REDIS" ]; then \
      sed -nE '/^(redis|async-timeout)==/,/[^\\]$/p' /tmp/scripts/requirements/redis.txt; \
    fi > /tmp/redis.txt \
 && if [ "$DICOM_REPORTS" ]; then \
      sed -nE '/^(highdicom|pydicom|pyjpegls)==/,/[^\\]$/p' /tmp/scripts/requirements/reports.txt; \
    fi > /tmp/reports.txt \
 && python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check \
      --root-user-action=ignore --no-compile --only-binary=:all: --require-hashes \
      -r "/tmp/${REQUIREMENTS:-${needed:-requirements.txt}}" -r /tmp/redis.txt -r /tmp/reports.txt \
 && cd /opt/venv/lib/python3*/site-packages \
 && rm -rf onnx/backend/test h5py/tests highdicom/_standard/module_attribute_map.json \
      pydicom/data/test_files \
 && find numpy -type d -name tests -prune -exec rm -rf {} + \
 && rm -rf _gdcm/XML _gdcm/scripts _gdcm/pkgconfig _gdcm/gdcmopenjpeg-* \
 && find . -maxdepth 2 -path './_gdcm/*' -type f \( -name 'lib*.so' -o -name 'lib*.so.*.*.*' -o -name 'gdcm*' \) \
      ! -name '*.py' -delete \
 && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash .

FROM ${PYTHON_IMAGE} AS serving
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin vistazo \
 && install -d -m 700 -o 10001 -g 10001 /var/lib/vistazo # for records: RECORDS_DIR, a volume
WORKDIR /app
# The telemetry is ONNX Runtime's: from 1.29 on it reports to its maker unless told not to.
ENV PATH=/opt/venv/bin:$PATH \
    ORT_DISABLE_TELEMETRY=1 \
    PYTHONPATH=/app/src \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    CACHE_DIR=/var/cache/vistazo
COPY --from=packages /opt/venv /opt/venv
COPY scripts/deploy/deploy.py scripts/deploy/exit_status.py scripts/deploy/healthcheck.py \
     scripts/deploy/
# Which model, and what its numbers mean. The service reads the same names, so that it serves what
# was compiled here. Render and Railway give a service's variables to its build, too.
ARG MODEL_PATH=""
ARG MODEL_WEIGHTS=""
ARG MODEL_CARD=""
ARG MODEL_LABELS=""
ARG MODEL_BASELINE=""
ARG VECTORIZER_PATH=""
ARG MODEL_SHA256=""
ARG MAX_MODEL_BYTES=""
ARG ALLOW_CONTROL_FLOW=""
ARG LABELS=""
ARG SCALE=""
ARG COLOUR=""
ARG RESIZE=""
ARG INPUT_SIZE=""
ARG KERAS_LAYERS=""
ENV MODEL_PATH="${MODEL_PATH:-/app/artifacts/pneumonia/pneumonia.keras}" \
    MODEL_WEIGHTS="${MODEL_WEIGHTS}" \
    MODEL_CARD="${MODEL_CARD}" \
    MODEL_LABELS="${MODEL_LABELS}" \
    MODEL_BASELINE="${MODEL_BASELINE}" \
    VECTORIZER_PATH="${VECTORIZER_PATH}" \
    MODEL_SHA256="${MODEL_SHA256}" \
    MAX_MODEL_BYTES="${MAX_MODEL_BYTES}" \
    ALLOW_CONTROL_FLOW="${ALLOW_CONTROL_FLOW}" \
    LABELS="${LABELS}" \
    SCALE="${SCALE}" \
    COLOUR="${COLOUR}" \
    RESIZE="${RESIZE}" \
    INPUT_SIZE="${INPUT_SIZE}" \
    KERAS_LAYERS="${KERAS_LAYERS}"
# What runs it: the engine's packages are above.
ARG ENGINE=""
ARG PRECISION=""
ENV ENGINE="${ENGINE}" \
    PRECISION="${PRECISION}"
COPY artifacts artifacts
COPY src src
# Bytecode and the compiled models are made here, as root, once: a start on a tenth of a CPU has no
# time for either, and the service cannot write to what it runs. It can read all of it, however
# private a file was where it came from. /var/cache/vistazo/model.sha256 says which MODEL_PATH is.
RUN python -m compileall -q --invalidation-mode unchecked-hash src scripts/deploy \
 && python scripts/deploy/deploy.py prepare --all \
 && find /app "$CACHE_DIR" ! -perm -a=r -exec chmod a+rX {} +
# The build sees no GPU: what was tried above ran on the CPU.
ARG DEVICE=""
ENV DEVICE="${DEVICE}"
USER 10001:10001
EXPOSE 8000
# Python without its site packages: the check costs 0.03 s of CPU, not a second.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
  CMD ["python", "-IS", "scripts/deploy/healthcheck.py"]
CMD ["python", "scripts/deploy/deploy.py", "serve"]

ARG VERSION=0.4.0
ARG REVISION=unknown
ARG SOURCE=""
LABEL org.opencontainers.image.title="vistazo" \
      org.opencontainers.image.description="Serves a trained Keras image classifier without TensorFlow." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
