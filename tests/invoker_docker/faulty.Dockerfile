FROM larder-base
COPY faulty_runtime.py /
ENTRYPOINT ["python3", "/faulty_runtime.py"]
