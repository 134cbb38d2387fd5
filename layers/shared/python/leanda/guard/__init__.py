"""Native code in a process of its own: what crashes, hangs or eats memory there costs one record, never the function.

`GuardedChild` (here, the parent) sends calls and reads results one by one; `worker` (the child) runs them under limits.
"""

from leanda.guard.child import CallFailed, ChildDied, Death, Guard, GuardedChild, Limits

__all__ = ["CallFailed", "ChildDied", "Death", "Guard", "GuardedChild", "Limits"]
