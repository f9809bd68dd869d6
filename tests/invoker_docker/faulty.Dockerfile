FROM larder-base
COPY faulty_runtime.py /
ARG FAULT=
ARG FAULT_AT=
ENV FAULT=${FAULT} FAULT_AT=${FAULT_AT}
ENTRYPOINT ["python3", "/faulty_runtime.py"]
