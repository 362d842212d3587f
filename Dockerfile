# An image for every node of a cluster, and for the MLflow server of compose.yaml.
#   docker build -t skin-lesion-study .                       # torch with CUDA
#   docker build -t skin-lesion-study --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cpu .
#   docker run --rm -v "$PWD/runs:/runs" skin-lesion-study study run demo --dir /runs/demo
FROM python:3.11-slim-bookworm

ARG TORCH_INDEX=https://pypi.org/simple
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1
WORKDIR /opt/skin-lesion-study

# torch first, from the index that was asked for: both packages must come from the same one.
COPY constraints.txt .
RUN pip install --index-url "$TORCH_INDEX" --extra-index-url https://pypi.org/simple -c constraints.txt torch torchvision

COPY pyproject.toml README.md LICENSE ./
COPY study study
COPY trainables trainables
COPY search_spaces search_spaces
COPY datasets datasets
RUN pip install -c constraints.txt ".[server]"

RUN useradd --create-home --uid 1000 study && install -d -o study -g study /runs
USER study
WORKDIR /home/study
CMD ["study", "--help"]
