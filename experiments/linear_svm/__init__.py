"""A linear support vector machine on whole utterances, to compare networks with."""
