"""The verbs of the command line, one a file.

A new verb is one new file here, and nothing else: a function with the decorator
`zalgebra.studio.verbs.verb`, which is found by its being here. ::

    from zalgebra.studio.options import WORKSPACE, Json, Where
    from zalgebra.studio.verbs import verb

    @verb
    def count(workspace: Where = WORKSPACE, as_json: Json = False) -> None:
        \"\"\"How many items a workspace has.\"\"\"
        from zalgebra.studio.answers import open_workspace, print_json, say

        n = len(open_workspace(workspace))
        print_json({"items": n}) if as_json else say(f"{n} items")

What takes long to import (torch, scikit-learn, the workspace) is imported inside the function, so
that ``zalgebra --help`` stays fast. Errors that are a person's to mend are raised as
`zalgebra.types.BadInput`, and become one sentence and exit code 2.
"""
