#!/bin/sh
exec python3 /vault.py "$@"
