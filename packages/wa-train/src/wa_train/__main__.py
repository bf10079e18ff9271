"""`python -m wa_train`, for launchers: `torchrun ... -m wa_train fit ...`."""

from wa_train.cli import main

main()
