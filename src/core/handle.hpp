#pragma once

namespace dynamite {

/// Deleter that ends a C handle with `Close`, for std::unique_ptr.
template <auto Close>
struct Closer {
  template <class T>
  void operator()(T* handle) const noexcept {
    Close(handle);
  }
};

}  // namespace dynamite
