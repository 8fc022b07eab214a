/**
 * The tier of a local blob store on object storage. Begin with {@code io.ashlar.tier.Tier} and
 * {@code io.ashlar.tier.object.ObjectStores}.
 *
 * <p>Start the JVM with {@code --enable-native-access=io.ashlar.uring,org.lz4.java}.
 */
module io.ashlar.tier {
  // The S3 client's libraries need these three, and have no descriptors that say so.
  requires java.security.jgss;
  requires java.xml;
  requires jdk.net;

  requires com.fasterxml.jackson.core;
  requires com.fasterxml.uuid;
  requires jdk.jfr;
  requires org.lz4.java;
  requires org.slf4j;
  requires software.amazon.awssdk.auth;
  requires software.amazon.awssdk.awscore;
  requires software.amazon.awssdk.core;
  requires software.amazon.awssdk.http;
  requires software.amazon.awssdk.http.apache5;
  requires software.amazon.awssdk.regions;
  requires software.amazon.awssdk.retries.api;
  requires software.amazon.awssdk.services.s3;
  requires software.amazon.awssdk.utils;
  requires transitive io.ashlar.store;
  requires transitive org.jspecify;

  exports io.ashlar.tier;
  exports io.ashlar.tier.follow;
  exports io.ashlar.tier.key;
  exports io.ashlar.tier.object;
  exports io.ashlar.tier.restore;
}
