/** Placeholder. */
@NullMarked
package io.ashlar.jmh;

import org.jspecify.annotations.NullMarked;
