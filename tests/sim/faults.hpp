#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "sim/service.hpp"

namespace dynamite::sim {

/// The HTTP seam in front of a Service: refuses, delays and damages answers, by chance.
class FaultyTransport : public Transport {
 public:
  /// `percent` of the calls meet a fault. `wait`: how time passes.
  FaultyTransport(Service& service, Chance& chance,
                  std::function<void(std::chrono::milliseconds)> wait)
      : service_{service}, chance_{chance}, wait_{std::move(wait)} {}

  HttpResponse send(const HttpRequest& request, std::stop_token stop) override;

  unsigned fault_percent = 0;

 private:
  HttpResponse answer(const HttpRequest& request);
  HttpResponse damaged(HttpResponse response);

  Service& service_;
  Chance& chance_;
  std::function<void(std::chrono::milliseconds)> wait_;
};

}  // namespace dynamite::sim
