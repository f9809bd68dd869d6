# The stage `frame` of Dockerfile, with what collect.sh found. A file of its own: Docker's classic builder runs every stage that
# stands before the one that is wanted.
ARG FRAME
FROM ${FRAME}
COPY programs /larder
RUN ldconfig
