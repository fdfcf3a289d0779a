// SPDX-License-Identifier: GPL-2.0
#include "module_file.hpp"

#include "result.hpp"

#include <libkmod.h>

namespace refstorm {

namespace {

/// Of the whole program.
kmod_ctx *kmod_context()
{
    static const std::unique_ptr<kmod_ctx, kmod_ctx *(*)(kmod_ctx *)> context(kmod_new(nullptr, nullptr),
                                                                              kmod_unref);
    if (!context)
        throw fatal_error("libkmod cannot be set up");
    // The driver explains errors itself; libkmod stays silent.
    kmod_set_log_fn(
        context.get(), [](void *, int, const char *, int, const char *, const char *, va_list) {}, nullptr);
    return context.get();
}

} // namespace

std::optional<module_file> module_file::installed(const std::string &name)
{
    kmod_list *list = nullptr;
    if (kmod_module_new_from_lookup(kmod_context(), name.c_str(), &list) < 0 || list == nullptr)
        return std::nullopt;
    module_file found;
    found.module_.reset(kmod_module_get_module(list), kmod_module_unref);
    kmod_module_unref_list(list);
    const char *path = kmod_module_get_path(found.module_.get());
    if (path == nullptr)
        return std::nullopt;
    found.path_ = path;
    found.installed_ = true;
    return found;
}

std::optional<module_file> module_file::at(const std::filesystem::path &path)
{
    kmod_module *module = nullptr;
    const auto absolute = std::filesystem::absolute(path);
    if (kmod_module_new_from_path(kmod_context(), absolute.c_str(), &module) != 0)
        return std::nullopt;
    module_file found;
    found.module_.reset(module, kmod_module_unref);
    found.path_ = absolute;
    return found;
}

std::vector<std::string> module_file::info(std::string_view key) const
{
    kmod_list *list = nullptr;
    std::vector<std::string> values;
    if (kmod_module_get_info(module_.get(), &list) < 0)
        return values;
    for (kmod_list *entry = list; entry != nullptr; entry = kmod_list_next(list, entry))
        if (key == kmod_module_info_get_key(entry))
            values.emplace_back(kmod_module_info_get_value(entry));
    kmod_module_info_free_list(list);
    return values;
}

int module_file::insert(const std::string &options) const
{
    return -(installed_ ? kmod_module_probe_insert_module(module_.get(), KMOD_PROBE_IGNORE_COMMAND,
                                                          options.c_str(), nullptr, nullptr, nullptr)
                        : kmod_module_insert_module(module_.get(), 0, options.c_str()));
}

} // namespace refstorm
