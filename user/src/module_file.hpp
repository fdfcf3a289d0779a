// SPDX-License-Identifier: GPL-2.0
/// \file
/// A file of a kernel module: finding it, what it says of itself, loading it. There are two of this: with
/// libkmod, which reads compressed files and knows what /etc/modprobe.d says, and without, for a driver that
/// is linked statically (module_file_plain.cpp).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct kmod_module;

namespace refstorm {

class module_file {
  public:
    /// The module \p name of /lib/modules, for the running kernel.
    static std::optional<module_file> installed(const std::string &name);
    /// The module in the file \p path.
    static std::optional<module_file> at(const std::filesystem::path &path);

    const std::filesystem::path &path() const { return path_; }
    /// All values of \p key in .modinfo.
    std::vector<std::string> info(std::string_view key) const;
    /// Loads it. \return 0 or an errno
    int insert(const std::string &options) const;

  private:
    std::filesystem::path path_;
    bool installed_ = false;
    std::shared_ptr<kmod_module> module_; ///< with libkmod
};

} // namespace refstorm
