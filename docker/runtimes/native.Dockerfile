# Native programs and scripts: what OpenWhisk's dockerskeleton serves. BASE: whatever they need to run.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY larder-proxy /larder/
RUN mkdir /action && chown 1000:1000 /action
ENV HOME=/tmp LANG=C.UTF-8
WORKDIR /action
USER 1000:1000
EXPOSE 8080
ENTRYPOINT ["/larder/larder-proxy", "--port", "8080", "native"]
