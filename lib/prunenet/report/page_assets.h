#pragma once

namespace prunenet {

/// page.css and page.js as they stand beside this file.
extern const char* const kPageStyle;
extern const char* const kPageScript;

}  // namespace prunenet
