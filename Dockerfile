FROM python:3.11-slim AS builder
# Where the CPU build of PyTorch is to come from another index, name it here.
ARG PIP_EXTRA_INDEX_URL=""
WORKDIR /build
COPY requirements.txt ./
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir --requirement requirements.txt

FROM python:3.11-slim
# opencv-python-headless and the other wheels bring all image libraries they need.
RUN useradd --create-home --uid 1000 flowscope && install -d -o flowscope /weights
COPY --from=builder /opt/venv /opt/venv
WORKDIR /app
COPY app.py ./
COPY .streamlit .streamlit
COPY assets assets
COPY flowcore flowcore
COPY pages pages
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    FLOWCORE_WEIGHTS=/weights
USER 1000
VOLUME /weights
EXPOSE 8501
HEALTHCHECK --start-period=30s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://localhost:8501/_stcore/health', timeout=5)"]
CMD ["streamlit", "run", "app.py", "--server.address=0.0.0.0", "--server.headless=true"]
