#!/bin/bash
# What deployments of OpenWhisk start in the invoker's container, with the invoker's arguments. The environment is read by the
# program itself, JMX files mean nothing to it, and the signals that stop a container must reach it: so it takes this place.
exec /larder/bin/larder-invoker "$@"
