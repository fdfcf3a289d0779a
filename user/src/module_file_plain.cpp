// SPDX-License-Identifier: GPL-2.0
/// \file
/// Without libkmod. The kernel loads a compressed file if it can; what such a file says of itself is not
/// known.
#include "module_file.hpp"

#include "descriptor.hpp"
#include "machine.hpp"

#include <cerrno>
#include <cstring>

#include <elf.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace refstorm {

namespace {

namespace fs = std::filesystem;

constexpr int compressed_file = 4; // MODULE_INIT_COMPRESSED_FILE

/// A structure at \p offset of \p file, if the file has all of it.
template <typename T>
std::optional<T> read_at(const std::string &file, std::uint64_t offset)
{
    T value;
    if (offset > file.size() || file.size() - offset < sizeof(value))
        return std::nullopt;
    std::memcpy(&value, file.data() + offset, sizeof(value));
    return value;
}

/// The section \p name of a 64-bit ELF file; empty if there is none.
std::string_view section(const std::string &file, std::string_view name)
{
    const auto header = read_at<Elf64_Ehdr>(file, 0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_ident[EI_CLASS] != ELFCLASS64)
        return {};
    const auto row = [&](std::uint64_t nth) {
        return read_at<Elf64_Shdr>(file, header->e_shoff + nth * header->e_shentsize);
    };
    const auto text = [&](const Elf64_Shdr &of) {
        return of.sh_offset > file.size() ? std::string_view{}
                                          : std::string_view(file).substr(of.sh_offset, of.sh_size);
    };
    const auto names = row(header->e_shstrndx);
    for (unsigned nth = 0; names && nth < header->e_shnum; ++nth) {
        const auto each = row(nth);
        if (!each)
            break;
        const std::string_view all = text(*names);
        const std::string_view called = each->sh_name < all.size() ? all.substr(each->sh_name) : "";
        if (called.substr(0, called.find('\0')) == name)
            return text(*each);
    }
    return {};
}

} // namespace

std::optional<module_file> module_file::installed(const std::string &name)
{
    std::error_code error;
    const fs::path top = fs::path("/lib/modules") / machine::kernel_release();
    for (fs::recursive_directory_iterator file(top, error), end; !error && file != end; file.increment(error))
        if (file->path().filename().native().starts_with(name + ".ko") && file->is_regular_file(error))
            return at(file->path());
    return std::nullopt;
}

std::optional<module_file> module_file::at(const fs::path &path)
{
    module_file found;
    found.path_ = fs::absolute(path);
    return found;
}

std::vector<std::string> module_file::info(std::string_view key) const
{
    std::vector<std::string> values;
    const auto file = read_file(path_);
    if (!file)
        return values;
    std::string_view rest = section(*file, ".modinfo");
    while (!rest.empty()) {
        const std::string_view entry = rest.substr(0, rest.find('\0'));
        rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
        if (entry.starts_with(key) && entry.substr(key.size()).starts_with('='))
            values.emplace_back(entry.substr(key.size() + 1));
    }
    return values;
}

int module_file::insert(const std::string &options) const
{
    const auto file = descriptor::open(path_, O_RDONLY);
    if (!file)
        return file.error();
    const int flags = path_.extension() == ".ko" ? 0 : compressed_file;
    return ::syscall(SYS_finit_module, file->get(), options.c_str(), flags) == 0 ? 0 : errno;
}

} // namespace refstorm
