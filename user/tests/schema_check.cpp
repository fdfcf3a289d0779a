// SPDX-License-Identifier: GPL-2.0
// schema_check SCHEMA FILE...: says which documents are not what the schema says.
#include "schema.hpp"

#include <cstdio>
#include <fstream>
#include <sstream>

int main(int argc, char **argv)
{
    int bad = argc < 3 ? 2 : 0;
    for (int i = 2; i < argc; i++) {
        std::ostringstream text;
        text << std::ifstream(argv[i]).rdbuf();
        const std::string complaints = refstorm::schema_complaints(text.str(), argv[1]);
        if (complaints.empty())
            continue;
        std::printf("%s:\n%s", argv[i], complaints.c_str());
        bad = 1;
    }
    return bad;
}
