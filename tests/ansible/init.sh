#!/bin/bash
exec python3 /stock_invoker.py "$@"
