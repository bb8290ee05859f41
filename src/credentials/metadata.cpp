#include "credentials/metadata.hpp"

#include <fmt/format.h>

#include "aws/endpoints.hpp"

namespace dynamite {

HttpResponse ask(Transport& transport, const HttpRequest& request, std::string_view source) {
  try {
    return transport.send(request, {});
  } catch (const Error& error) {
    std::string reason = error.what();
    if (const std::size_t url = reason.find(request.url); url != reason.npos)
      reason.replace(url, request.url.size(),
                     host_of(request.url.substr(0, request.url.find('?'))));
    throw Error{error.kind(), fmt::format("{}: {}", source, reason), error.hint()};
  }
}

}  // namespace dynamite
