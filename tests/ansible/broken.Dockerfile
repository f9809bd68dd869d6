# An invoker's image that takes every setting, and does not start.
ARG BASE
FROM ${BASE}
COPY broken.sh /init.sh
