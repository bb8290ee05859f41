#include <fmt/format.h>
#include <minizip/zip.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "app/commands/commands.hpp"
#include "app/config/certificates.hpp"
#include "core/error.hpp"

namespace dynamite {
namespace {

namespace fs = std::filesystem;

constexpr uLong kMadeByUnix = 3U << 8U;  // so that the mode counts
constexpr int kBestCompression = 9;

[[noreturn]] void fail(const std::string& what, const std::string& hint = {}) {
  throw Error{Error::Kind::usage, what, hint};
}

std::string contents(const fs::path& file) {
  std::ifstream stream{file, std::ios::binary};
  std::string bytes{std::istreambuf_iterator<char>{stream}, {}};
  if (!stream.is_open() || stream.bad()) fail(fmt::format("cannot read \"{}\"", file.string()));
  return bytes;
}

/// A zip that is being written. The same contents make the same bytes: no times of files.
class Zip {
 public:
  explicit Zip(const std::string& path)
      : path_{path}, zip_{zipOpen64(path.c_str(), APPEND_STATUS_CREATE)} {
    if (zip_ == nullptr) fail(fmt::format("cannot write \"{}\"", path));
  }
  Zip(const Zip&) = delete;
  Zip& operator=(const Zip&) = delete;
  ~Zip() {
    if (zip_ != nullptr) zipClose(zip_, nullptr);
  }

  void add(const std::string& name, const std::string& bytes, mode_t mode) {
    zip_fileinfo info{};
    info.dosDate = (1U << 21U) | (1U << 16U);  // 1980-01-01, the earliest there is
    info.external_fa = static_cast<uLong>(S_IFREG | mode) << 16U;
    check(zipOpenNewFileInZip4(zip_, name.c_str(), &info, nullptr, 0, nullptr, 0, nullptr,
                               Z_DEFLATED, kBestCompression, 0, -MAX_WBITS, DEF_MEM_LEVEL,
                               Z_DEFAULT_STRATEGY, nullptr, 0, kMadeByUnix, 0));
    check(zipWriteInFileInZip(zip_, bytes.data(), static_cast<unsigned>(bytes.size())));
    check(zipCloseFileInZip(zip_));
  }

  void close() { check(zipClose(std::exchange(zip_, nullptr), nullptr)); }

 private:
  void check(int status) const {
    if (status != ZIP_OK) fail(fmt::format("cannot write \"{}\" (zip error {})", path_, status));
  }

  std::string path_;
  zipFile zip_;
};

fs::path lambda_program(const std::string& architecture) {
  const bool usual = architecture == "x86_64";
  fs::path program =
      program_directory() / (usual ? "dynamite-lambda" : "dynamite-lambda-" + architecture);
  if (!fs::exists(program))
    fail(
        fmt::format("the program for Lambda is not there: \"{}\"", program.string()),
        fmt::format("run `make package{}`, which builds it", usual ? "" : " ARCH=" + architecture));
  return program;
}

/// The public roots of this machine, and those of RDS where --rds-ca names them. A proxy of RDS has
/// a certificate of Amazon's public roots; an instance has one of RDS's own roots.
std::string certificates(const Context& context) {
  const auto roots = trusted_certificates(context.environment);
  if (!roots) fail("this system has no certificates to take along", "install ca-certificates");
  std::string all = contents(*roots);
  if (!context.line.package.rds_ca) return all;
  const std::string rds = contents(*context.line.package.rds_ca);
  if (rds.find("-----BEGIN CERTIFICATE-----") == std::string::npos)
    fail(fmt::format("\"{}\" holds no certificate in PEM form", *context.line.package.rds_ca),
         "AWS offers it as global-bundle.pem, and one for each region");
  if (!all.ends_with('\n')) all += '\n';
  return all + rds;
}

}  // namespace

int run_package(const Context& context) {
  const fs::path program = lambda_program(context.line.package.architecture);
  const std::string bootstrap = contents(program);
  const std::string roots = certificates(context);
  Zip zip{context.line.package.output};
  zip.add("bootstrap", bootstrap, 0755);
  zip.add("certificates.pem", roots, 0644);
  if (const auto& file = context.line.config_file)
    zip.add(file->ends_with(".py") ? "config.py" : "dynamite.toml", contents(*file), 0644);
  const fs::path licences = program.string() + ".licences";
  if (fs::exists(licences)) zip.add("LICENCES", contents(licences), 0644);
  zip.close();
  fmt::print("{}: {:.1f} MB\n", context.line.package.output,
             static_cast<double>(fs::file_size(context.line.package.output)) / 1e6);
  return kExitDone;
}

}  // namespace dynamite
