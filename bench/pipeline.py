"""What both benches' stock Rasa pipelines for Chinese have in common, as text of a config.yml."""

HEAD = """\
recipe: default.v1
assistant_id: stock
language: zh
pipeline:
  - name: JiebaTokenizer
  - name: CountVectorsFeaturizer
  - name: CountVectorsFeaturizer
    analyzer: char_wb
    min_ngram: 1
    max_ngram: 4
  - name: DIETClassifier
"""
REFUSAL = """\
  - name: FallbackClassifier
    threshold: 0.3
    ambiguity_threshold: 0.1
"""
