#include "app/config/certificates.hpp"

#include <filesystem>

#include "app/config/config.hpp"

namespace dynamite {
namespace {

bool exists(const std::string& file) {
  std::error_code ignored;
  return std::filesystem::exists(file, ignored);
}

}  // namespace

std::optional<std::string> packaged_certificates() {
  std::string file = program_directory() / "certificates.pem";
  return exists(file) ? std::optional{std::move(file)} : std::nullopt;
}

std::optional<std::string> trusted_certificates(const Environment& environment) {
  if (auto given = environment("SSL_CERT_FILE"); given && !given->empty()) return given;
  if (auto packaged = packaged_certificates()) return packaged;
  for (const char* file : {
           "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch
           "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Amazon Linux, Fedora, RHEL
           "/etc/pki/tls/certs/ca-bundle.crt",
           "/etc/ssl/ca-bundle.pem",  // SUSE
           "/etc/ssl/cert.pem",       // Alpine
       })
    if (exists(file)) return file;
  return std::nullopt;
}

}  // namespace dynamite
