/**
 * The local blob store. Begin with {@code io.ashlar.store.local.LocalBlobStore}.
 *
 * <p>Start the JVM with {@code --enable-native-access=io.ashlar.uring}.
 */
@SuppressWarnings("module") // the tier is compiled after this module
module io.ashlar.store {
  requires io.ashlar.uring;
  requires transitive org.agrona;
  requires org.jctools.core;
  requires org.jctools.core.jdk11;
  requires static com.github.benmanes.caffeine; // for a store with a cache
  requires transitive org.jspecify;

  exports io.ashlar.store;
  exports io.ashlar.store.local;
  exports io.ashlar.store.settings to
      io.ashlar.tier;
  exports io.ashlar.store.spi to
      io.ashlar.tier;
}
