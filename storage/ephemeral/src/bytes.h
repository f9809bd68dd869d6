// Numbers and strings as bytes, little end first: for records, frames and the journal.
#pragma once

#include "base_net/bytes.h"

namespace storage_ephemeral {

using base_net::ByteReader;
using base_net::ByteWriter;

}  // namespace storage_ephemeral
