# The kind python:3. BASE: any image with python3.
ARG BASE=python:3-slim
FROM ${BASE}
COPY larder-proxy python.py /larder/
RUN ln -s "$(command -v python3)" /larder/interpreter && mkdir /action && chown 1000:1000 /action
ENV HOME=/tmp LANG=C.UTF-8
WORKDIR /action
USER 1000:1000
EXPOSE 8080
ENTRYPOINT ["/larder/larder-proxy", "--port", "8080", \
            "interpreter", "__main__.py", "/larder/interpreter", "-I", "/larder/python.py"]
