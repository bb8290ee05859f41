// What a pattern for the database's URL has to take, and what it must not.
const good = [
  'postgresql://dynamite@host:5432/orders',
  'postgresql://[2001:db8::1]:5432/orders',
  'postgres://h1:5432,h2:5432/orders?target_session_attrs=primary',
  'postgresql://u@h/d?sslmode=verify-full&sslrootcert=/var/task/ca.pem&connect_timeout=5',
];

const secret = [
  'postgresql://dynamite:hunter2@host:5432/orders',
  'postgresql://u@h/d?password=hunter2',
  'postgresql://u@h/d?sslmode=require&password=hunter2',
  'postgresql://u@h?password=hunter2',
  'postgresql:///d?sslpassword=hunter2',
  'postgresql://u@h/d?%70assword=hunter2',
  'postgresql://u@h/d?ssl%70assword=hunter2',
  'postgresql://u@h/d?dbname=postgresql://u:hunter2@h/d',
  'postgresql://u@h/d?host=x?password=hunter2&password=hunter2',
];

/** Problems of `pattern`, the whole value of the parameter `name`, as texts. */
export function checkUrlPattern(name, pattern) {
  return [
    ...good.filter((url) => !pattern.test(url)).map((url) => `${name} refuses ${url}`),
    ...secret.filter((url) => pattern.test(url)).map((url) => `${name} takes a password: ${url}`),
  ];
}
