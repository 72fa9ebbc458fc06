"""Smaller language-model checkpoints by a learned pruning policy: libprunenet from Python (docs/python.md)."""
from ._error import Error
from ._native import (MAX_RATIO, CausalLm, Checkpoint, DistortionProblem, Features, FfnWeights, Healing,
                      LayerMoments, LeadingSpectrum, Plan, Policy, Probe, ProgressEvent, PruneEstimate, PruneReport,
                      ResponseMoments, ResponseOperator, Rng, Schatten2, SpectralOperator, TensorInfo, Tokenizer,
                      VerifyReport, __version__, apply, collect_responses, compare, estimate, export_gguf,
                      extract_features, extract_layer_features, feature_names, generate, import_model, ks_statistic,
                      loss_metrics, make_plan, make_probe, metric_factor, mirsky_distortion, multiple_choice,
                      nuclear_distortion, perplexity, ratio_for_target, read_prune_record, read_record, recover,
                      refine, report_html, report_markdown, response_coupling, sample_probe_text, sample_rankings,
                      set_threads, singular_values, symmetric_square_root, train, train_with_distortion, verify,
                      weight_operator, width_for_ratio, write_record)

__all__ = [name for name in dir() if not name.startswith("_")]
for _name in __all__:  # what a user sees is this package, not the file that it was compiled to
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = __name__
del _name
