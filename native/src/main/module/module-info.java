/**
 * io_uring, files and memory for the store: the only module that calls native code, so the only one
 * that needs {@code --enable-native-access}. It has no API of its own for users.
 */
@SuppressWarnings("module") // the store is compiled after this module
module io.ashlar.uring {
  requires static org.jspecify;

  exports io.ashlar.uring to
      io.ashlar.store;
}
