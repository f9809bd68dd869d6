# The kinds nodejs:N. BASE: any image with the node of that version.
ARG BASE=node:20-slim
FROM ${BASE}
COPY larder-proxy nodejs.js /larder/
RUN ln -s "$(command -v node)" /larder/interpreter && mkdir /action && chown 1000:1000 /action
ENV HOME=/tmp LANG=C.UTF-8
WORKDIR /action
USER 1000:1000
EXPOSE 8080
ENTRYPOINT ["/larder/larder-proxy", "--port", "8080", \
            "interpreter", "index.js", "/larder/interpreter", "/larder/nodejs.js"]
