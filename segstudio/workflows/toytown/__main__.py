"""Paint one child's share of the data set; started by `workers`."""

import sys

from segstudio.workflows.toytown.dataset import main

main(sys.argv[1:])
