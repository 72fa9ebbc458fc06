#pragma once

#include "prunenet/baselines/planner.h"
#include "prunenet/baselines/score_planner.h"
#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/compare/compare.h"
#include "prunenet/core/error.h"
#include "prunenet/core/matrix.h"
#include "prunenet/core/progress.h"
#include "prunenet/core/registry.h"
#include "prunenet/family/checkpoint_weights.h"
#include "prunenet/family/family.h"
#include "prunenet/family/family_registry.h"
#include "prunenet/family/gguf_store.h"
#include "prunenet/family/llama_family.h"
#include "prunenet/features/feature_extractor.h"
#include "prunenet/features/feature_group.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/plan/plan.h"
#include "prunenet/policy/policy.h"
#include "prunenet/policy/score_model.h"
#include "prunenet/prune/prune.h"
#include "prunenet/prune/verify.h"
#include "prunenet/train/registries.h"
#include "prunenet/train/reward.h"
#include "prunenet/train/session.h"

/// \file
/// The method in one header.
///
/// A feed-forward block of a language model answers its input x with h = act(G x) * (U x) and writes y = D h. Neuron i is
/// row i of G, row i of U and column i of D. Which neurons may go is learned by a policy from the weights alone; what it
/// decides is a plan, and a plan is applied. One step, one header:
///
/// | step                                                              | what                                   | header |
/// |-------------------------------------------------------------------|----------------------------------------|--------|
/// | open a directory, or a GGUF file                                  | Checkpoint::open, open_checkpoint      | checkpoint/checkpoint.h, family/gguf_store.h |
/// | where its tensors lie, and what it computes                       | make_family, Family, ModelConfig       | family/family.h |
/// | run it                                                            | CausalLm                               | model/causal_lm.h |
/// | describe every neuron by numbers of the weights, I x F a layer    | extract_features                       | features/feature_extractor.h |
/// | learn, from text that the model samples itself, which neurons the response can spare | train_on_models, Recipe | train/session.h, train/recipe.h |
/// | keep the policy, and have it back                                 | save_policy, load_policy               | policy/policy.h |
/// | one score a neuron                                                | score_model                            | policy/score_model.h |
/// | which neurons of each layer stay                                  | Plan, make_uniform_plan                | plan/plan.h |
/// | an ordinary checkpoint without the others                         | prune_checkpoint                       | prune/prune.h |
/// | every tensor and hash of it, against the dense one                | verify_pruned                          | prune/verify.h |
/// | other methods, measured beside it                                 | Planner, run_comparison                | baselines/planner.h, compare/compare.h |
///
/// \code
///   const prunenet::Checkpoint checkpoint = prunenet::Checkpoint::open("smollm2");
///   const auto family = prunenet::make_family(checkpoint);
///   prunenet::Policy policy = prunenet::load_policy("policy.safetensors");
///   prunenet::SilentProgress progress;
///   const auto scores = prunenet::score_model({&policy, 1}, prunenet::CheckpointWeights(checkpoint, *family), progress);
///   const prunenet::Plan plan = prunenet::make_uniform_plan(scores, 0.3, 32, "my policy");
///   prunenet::PruneOptions options;
///   options.output = "smollm2-30";
///   prunenet::prune_checkpoint(checkpoint, *family, plan, options, progress);
/// \endcode
///
/// **Extending.** Four things are added from outside, each a class that derives from a small interface, put under a name
/// into a Registry that is handed to the functions above. The library's own are in the same registries.
///
/// | what                                    | derive from                              | register in     | which goes to |
/// |-----------------------------------------|------------------------------------------|-----------------|---------------|
/// | a feature                               | FeatureGroup                             | FeatureRegistry | train_on_models, score_model |
/// | a reward: distortion of a keep-set      | OneByOneDistortion or KeepSetDistortion  | RewardRegistry  | train_on_models, recipe_from_json |
/// | a method that scores or selects neurons | ScorePlanner or Planner                  | PlannerRegistry | make_planner, run_comparison |
/// | a model family                          | Family or LlamaFamily                    | FamilyRegistry  | make_family, train_on_models, verify_pruned |
///
/// docs/extend.md goes through them, and experiments/extend has a program for each.
///
/// **Conventions.** Matrices are row-major; G and U are I x d, D is d x I. Whatever goes wrong is an Error of a closed set
/// of kinds, whose one line says what, where, the numbers, and what to do. Long work reports to a Progress of the
/// caller's, which may also end it. Nothing is printed, nothing is global, and the same seed gives the same result.
/// Opened files and weights are const and may be used by several threads at once.
///
/// Other headers are modules' internals, or belong to verbs of the command (healing, recovery, refinement, export): they
/// can be included too, and change more often.

namespace prunenet {}
