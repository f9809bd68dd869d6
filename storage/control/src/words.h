// The words of hints, as the annotations spell them.
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "hints/hints.h"
#include "storage/volume_provider.h"

namespace storage_control {

template <typename Value, std::size_t kCount>
using Words = std::array<std::pair<std::string_view, Value>, kCount>;

inline constexpr Words<hints::Tier, 2> kTiers{
    {{"ephemeral", hints::Tier::kEphemeral}, {"durable", hints::Tier::kDurable}}};
inline constexpr Words<hints::Isolation, 4> kIsolations{
    {{"none", hints::Isolation::kNone},
     {"read-atomic", hints::Isolation::kReadAtomic},
     {"snapshot", hints::Isolation::kSnapshot},
     {"serializable", hints::Isolation::kSerializable}}};
inline constexpr Words<hints::Lifetime::Kind, 4> kLifetimes{
    {{"activation", hints::Lifetime::Kind::kActivation},
     {"session", hints::Lifetime::Kind::kSession},
     {"ttl", hints::Lifetime::Kind::kTtl},
     {"volume", hints::Lifetime::Kind::kVolume}}};
inline constexpr Words<hints::Visibility, 2> kVisibilities{
    {{"writing", hints::Visibility::kWriting}, {"sealed", hints::Visibility::kSealed}}};
inline constexpr Words<hints::Seal, 2> kSeals{
    {{"activation", hints::Seal::kActivation}, {"close", hints::Seal::kClose}}};
inline constexpr Words<hints::FsyncMeans, 2> kFsyncs{
    {{"staging", hints::FsyncMeans::kStaging}, {"publish", hints::FsyncMeans::kPublish}}};
inline constexpr Words<hints::OpenAtEnd, 2> kOpenAtEnds{
    {{"include", hints::OpenAtEnd::kInclude}, {"abort", hints::OpenAtEnd::kAbort}}};
inline constexpr Words<storage::CommitReport::Kind, 2> kCommits{
    {{"ok", storage::CommitReport::Kind::kOk}, {"aborted", storage::CommitReport::Kind::kAborted}}};

}  // namespace storage_control
