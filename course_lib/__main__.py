"""`python -m course_lib train my.txt --out my_gpt`, and so on; see `--help`."""

import sys

from course_lib.commands import main

if __name__ == "__main__":
    sys.exit(main())
