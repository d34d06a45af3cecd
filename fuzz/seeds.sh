#!/usr/bin/env bash
# Fills the corpora with real declarations and the dictionary with their words, so that a fuzzer need not find them out.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p corpus/loader corpus/differ

# All declarations of a repo in one text.
whole() { find "$1" -name '*.yaml' ! -path '*/.weir/*' -print0 | sort -z | xargs -0 -I{} sh -c 'echo ---; cat "{}"; echo'; }

find ../repo-example ../tests/cases -name '*.yaml' -print0 | while IFS= read -r -d '' file; do
    cp "$file" "corpus/loader/$(sha1sum <"$file" | cut -c1-16)"
done

# Of two repos the second is the first with one edit.
edits=(
    's/online: true/online: false/'
    's/prevent_destroy: true/prevent_destroy: false/'
    's/^description: .*/description: another one/'
    's/ttl: .*/ttl: 7d/'
    's/String/Int64/'
    's/^\(name: \)\(.*\)/\1\2_2\nrenamed_from: \2/'
    '/^---$/,/^kind: FeatureService/d'
)
for repo in ../tests/cases/*/repo ../tests/fixtures/* ../repo-example; do
    [ -d "$repo" ] || continue
    text=$(whole "$repo")
    [ "${#text}" -lt 8000 ] || continue
    for edit in "${edits[@]}"; do
        { printf '%s\0' "$text"; sed "$edit" <<<"$text"; } >corpus/differ/next
        mv corpus/differ/next "corpus/differ/$(sha1sum <corpus/differ/next | cut -c1-16)"
    done
    printf '%s' "$text" >"corpus/loader/$(sha1sum <<<"$text" | cut -c1-16)"
done

# Names of fields and kinds, and values of theirs, as libFuzzer reads words.
find ../repo-example ../tests/cases -name '*.yaml' -exec grep -ohE '[A-Za-z_]+:?|[0-9]+[smhd]\b' {} + |
    sort | uniq -c | awk '$1 > 2 && length($2) > 1 { print "\"" $2 "\"" }' >words.dict
printf '"\\x0a---\\x0a"\n"&a "\n"*a"\n"!!str "\n"|2-\\x0a"\n"{ "\n"[ "\n"\\xef\\xbb\\xbf"\n"\\x00"\n' >>words.dict
