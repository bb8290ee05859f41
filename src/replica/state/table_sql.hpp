#pragma once

#include <string>
#include <vector>

#include "replica/state/replica.hpp"

namespace dynamite {

/// The comment on a replica table, which tells whose replica it is.
std::string replica_comment(const std::string& source_arn);

/// The statement that makes the replica table itself, and those of its comments.
std::vector<std::string> replica_table_sql(const Replica& replica, const Target& target);

/// The statement that writes the comment on the replica table.
std::string replica_comment_sql(const Replica& replica, const Target& target);

/// The statements that make the target's tombstones and its row in `replica_target`: of a source
/// that has its row in `replica`, and may have applied records.
std::vector<std::string> target_registration_sql(const Replica& replica, const Target& target);

/// The statements that make the targets' tombstones and the replica's row in `replica`.
std::vector<std::string> registration_sql(const Replica& replica);

/// The end of a statement that deletes rows of the target: INSERT of their tombstones, from the
/// rows `gone`, which have the key and the version. `and_epoch`: a comma and SQL of the epoch,
/// unless `gone` has it as its last column.
std::string tombstones_of_gone_sql(const Target& target, std::string_view and_epoch = {});

/// What there is to read of the target: quoted names of its table, and of its history if it has
/// one.
std::vector<std::string> readable_names(const Target& target);

/// Lets `role` read the target, its history and the view `status`, never the dead letters.
std::vector<std::string> grant_select_sql(const Replica& replica, const Target& target,
                                          const std::string& role);

}  // namespace dynamite
