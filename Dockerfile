# Three images from one file:
#   web     the pages, the scheduler and manage.py: no torch in it
#   worker  colours photos: with torch, for the CPU or an NVIDIA GPU
#   store   SeaweedFS, as a user of its own
# All run as a user without rights, on a root file system that can be read-only: what they write lies in /data and /tmp.

FROM python:3.11.14-slim-bookworm AS base
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_INPUT=1
RUN python -m venv /opt/venv

# --- What is installed, in layers that change seldom ------------------------------------------------------------------
FROM base AS web-packages
COPY requirements/web.txt requirements/constraints.txt /requirements/
RUN pip install -r /requirements/web.txt -c /requirements/constraints.txt

FROM web-packages AS worker-packages
COPY requirements/worker.txt /requirements/
# PyTorch keeps an index of wheels for the CPU alone: named here, it saves several gigabytes of CUDA that only a GPU needs.
# Without one come the wheels of PyPI, which work on both.
ARG TORCH_INDEX=""
RUN if [ -n "$TORCH_INDEX" ]; then \
        grep -E '^torch(vision)?==' /requirements/worker.txt > /requirements/torch.txt \
        && pip install --index-url "$TORCH_INDEX" -r /requirements/torch.txt; \
    fi \
    && pip install -r /requirements/worker.txt -c /requirements/constraints.txt

# --- The site -----------------------------------------------------------------------------------------------------------
FROM base AS site
RUN groupadd --gid 10001 heirloom \
    && useradd --uid 10001 --gid heirloom --no-create-home --home-dir /tmp --shell /usr/sbin/nologin heirloom \
    # A volume that is mounted here for the first time takes over owner and rights.
    && install --directory --owner heirloom --group heirloom --mode 0700 /data
WORKDIR /app
COPY manage.py pyproject.toml LICENSE ./
COPY locale locale
COPY static static
COPY templates templates
COPY webapp webapp
COPY colorizer colorizer
COPY worker worker
ENV HEIRLOOM_DATA=/data \
    STATIC_ROOT=/app/collected \
    LOG_FORMAT=json \
    HOME=/tmp

FROM site AS web
COPY --from=web-packages /opt/venv /opt/venv
# The secret key that this start makes is of no use to anyone, and goes again.
RUN HEIRLOOM_DATA=/tmp/build python manage.py collectstatic --noinput --verbosity 0 \
    && rm -r /tmp/build \
    && python -m compileall -q /app \
    # manage.py writes for its owner alone, and a checkout may be so, too.
    && chmod -R a+rX /app
USER 10001:10001
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "webapp.asgi:application", "--host", "0.0.0.0", "--port", "8000", \
     "--no-access-log", "--no-proxy-headers", "--timeout-graceful-shutdown", "10"]

FROM site AS worker
# What `python -m ml fetch` gets has to outlive the container.
ENV XDG_CACHE_HOME=/data/cache
COPY --from=worker-packages /opt/venv /opt/venv
COPY ml ml
COPY samples samples
RUN python -m compileall -q /app \
    && chmod -R a+rX /app
USER 10001:10001
CMD ["python", "-m", "celery", "--quiet", "-A", "worker.app", "worker", "--loglevel", "INFO", \
     "--without-gossip", "--without-mingle", "-n", "worker@%h", "-Q", "interactive,bulk,train", "--concurrency", "1"]

# --- Object storage -----------------------------------------------------------------------------------------------------
FROM chrislusf/seaweedfs:4.48 AS store
USER 0:0
# Its own configuration keeps the names of files in a folder that only root may write to.
RUN rm -f /etc/seaweedfs/filer.toml \
    && mkdir /store \
    && chown 10001:10001 /store \
    && chmod 0700 /store
USER 10001:10001
ENTRYPOINT ["/usr/bin/weed", "-logtostderr=true"]
