"""The vocabulary: the tokens of a model as byte strings.

    from structgen.vocabulary import Vocabulary

`vocabulary` is the class, `readers` reads the tokenizers of other libraries, `verification` checks what was
read.
"""

from structgen.vocabulary.vocabulary import Vocabulary

__all__ = ["Vocabulary"]
