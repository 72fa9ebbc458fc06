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
/// A feed-forward block of a language model answers its input x with h = act(G x) * (U x) and writes y = D h. Neuron i
/// is row i of G, row i of U and column i of D. Which neurons may go is learned by a policy from the weights alone;
/// what it decides is a plan, and a plan is applied. The steps:
///
/// - Checkpoint::open opens a model directory, open_checkpoint a GGUF file too (checkpoint/checkpoint.h,
///   family/gguf_store.h).
/// - make_family says where its tensors lie, and what it computes: a Family with its ModelConfig (family/family.h).
/// - CausalLm runs it (model/causal_lm.h).
/// - extract_features describes every neuron by numbers of the weights, I x F a layer (features/feature_extractor.h).
/// - train_on_models learns, by a Recipe, which neurons the response to text of the model's own can spare
///   (train/session.h, train/recipe.h).
/// - save_policy keeps the Policy, load_policy has it back (policy/policy.h).
/// - score_model is what a policy says of every neuron (policy/score_model.h).
/// - make_uniform_plan makes a Plan of it: which neurons of each layer stay (plan/plan.h).
/// - prune_checkpoint writes an ordinary checkpoint without the others (prune/prune.h).
/// - verify_pruned compares every tensor and hash with the dense one (prune/verify.h).
/// - run_comparison measures other methods beside it, each a Planner (compare/compare.h, baselines/planner.h).
///
/// \code
///   const prunenet::Checkpoint checkpoint = prunenet::Checkpoint::open("smollm2");
///   const auto family = prunenet::make_family(checkpoint);
///   prunenet::Policy policy = prunenet::load_policy("policy.safetensors");
///   prunenet::SilentProgress progress;
///   const prunenet::CheckpointWeights weights(checkpoint, *family);
///   const auto scores = prunenet::score_model({&policy, 1}, weights, progress);
///   const prunenet::Plan plan = prunenet::make_uniform_plan(scores, 0.3, 32, "my policy");
///   prunenet::PruneOptions options;
///   options.output = "smollm2-30";
///   prunenet::prune_checkpoint(checkpoint, *family, plan, options, progress);
/// \endcode
///
/// **Extending.** Four things are added from outside, each a class that derives from a small interface, put under a
/// name into a Registry that is handed to the functions above. The library's own are in the same registries.
///
/// - A feature is a FeatureGroup in a FeatureRegistry, for train_on_models and score_model.
/// - A reward is a OneByOneDistortion, or a KeepSetDistortion, in a RewardRegistry, for train_on_models and
///   recipe_from_json.
/// - A method that scores or selects neurons is a ScorePlanner, or a Planner, in a PlannerRegistry, for make_planner
///   and run_comparison.
/// - A model family is a Family, or a LlamaFamily, in a FamilyRegistry, for make_family, train_on_models and
///   verify_pruned.
///
/// docs/extend.md goes through them, and experiments/extend has a program for each.
///
/// **Conventions.** Matrices are row-major; G and U are I x d, D is d x I. Whatever goes wrong is an Error of a closed
/// set of kinds, whose one line says what, where, the numbers, and what to do. Long work reports to a Progress of the
/// caller's, which may also end it. Nothing is printed, nothing is global, and the same seed gives the same result.
/// Opened files and weights are const and may be used by several threads at once.
///
/// Other headers are modules' internals, or belong to verbs of the command (healing, recovery, refinement, export):
/// they can be included too, and change more often.

namespace prunenet {}
