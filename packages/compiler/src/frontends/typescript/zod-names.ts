/** What the functions and methods of zod's trees do, by name, as far as a type is concerned. */

const set = (names: string): ReadonlySet<string> => new Set(names.split(" "));

/** Functions that make texts of some form. */
export const formats = set(
  "email url httpUrl uuid uuidv4 uuidv6 uuidv7 guid emoji nanoid cuid cuid2 ulid xid ksuid ipv4 ipv6 mac cidrv4 cidrv6 base64 base64url e164 jwt hex hash hostname stringFormat templateLiteral iso.date iso.datetime iso.time iso.duration",
);

/** Functions that make numbers of some form. */
export const numbers = set("int int32 uint32 float32 float64");

/** Methods that say no more about values than is said already. */
export const harmless = set("readonly brand register strip loose passthrough finite");

/** Methods that ask more of a value than its type. */
export const holding = set(
  "min max length nonempty regex startsWith endsWith includes uppercase lowercase email url uuid uuidv4 uuidv6 uuidv7 guid emoji nanoid cuid cuid2 ulid xid ksuid ipv4 ipv6 cidrv4 cidrv6 base64 base64url e164 jwt datetime date time duration int safe positive negative nonnegative nonpositive gt gte lt lte multipleOf step refine superRefine check strict catchall size minSize maxSize",
);

/** Functions and methods that give another value than they take. */
export const changing = set(
  "default prefault catch transform pipe preprocess codec stringbool overwrite trim toLowerCase toUpperCase normalize slugify",
);
