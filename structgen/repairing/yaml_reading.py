"""stub"""
def looks_like_yaml(text, guide): return False
def read(*a, **k): return []
