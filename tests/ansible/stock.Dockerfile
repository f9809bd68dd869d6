# Plays OpenWhisk's own image for the tests of the playbook: the same way in, the same endpoints, and a log of what was asked.
ARG BASE
FROM ${BASE}
COPY stock_invoker.py init.sh /
EXPOSE 8080
CMD ["./init.sh", "0"]
