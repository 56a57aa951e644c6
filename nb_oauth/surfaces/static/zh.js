/* Simplified Chinese, by the English text: what a person reads on the way to be signed in. What a
   provider or an error says of itself stays as it came. See tongue.js for {} and []. */

/** @type {Record<string, string>} */
const WORDS = {
  en: "zh-CN",

  /* login.js */
  "Sign in": "登录",
  "Waiting for the kernel…": "正在等待内核响应…",
  "Asks for": "请求的权限",
  "Open the sign-in page": "打开登录页面",
  "Copy link": "复制链接",
  "Copied": "已复制",
  "Link to copy": "要复制的链接",
  "Not a link: neither https nor on this computer: {}": "未设为链接（既不是 https，也不在本机）：{0}",
  "Or paste the address you arrive at": "或者粘贴登录后到达的网址",
  "Continue": "继续",
  "Cancel": "取消",
  "New link": "换一个链接",
  "Sign in again": "重新登录",
  "Renew now": "立即续期",
  "Sign out": "退出登录",
  "The kernel does not answer. It may be busy or restarted.": "内核没有响应，可能正忙或已重启。",
  "The kernel does not answer. It may be busy or restarted; your answer is still in the box.":
    "内核没有响应，可能正忙或已重启；您输入的内容仍在输入框中。",
  "The kernel was restarted: run the cell again.": "内核已重启：请重新运行此单元格。",

  /* code.js */
  "Enter this code on the sign-in page": "在登录页面输入此代码",
  "Enter this code on the sign-in page: {}. {}": "请在登录页面输入此代码：{0}。[1]",
  "Copy code": "复制代码",
  "Selected: copy it by keyboard": "已选中，请用键盘复制",
  "On a phone or another computer, go to ": "在手机或另一台电脑上打开 ",
  "QR code of the sign-in page, for a phone": "登录页面的二维码，供手机扫描",
  "The code is good for {}": "代码剩余有效时间：[0]",
  "{} minutes.": "{0} 分钟。",
  "a minute.": "1 分钟。",
  "less than a minute.": "不到 1 分钟。",
  "The code has run out.": "代码已过期。",
  "New code": "换一个代码",

  /* password.js */
  "User name": "用户名",
  "Password": "密码",

  /* registration.js */
  "This needs an app of your own, which you register once.": "这里需要您自己的应用，只需注册一次。",
  "Open the registration page": "打开注册页面",
  "Register an app with the provider, as its documentation says.":
    "请按提供方文档的说明注册一个应用。",
  "Redirect URI to register": "要登记的重定向 URI",
  "Copy": "复制",
  "Client ID": "客户端 ID",
  "Client secret": "客户端密钥",
  "Client secret, if it gave you one": "客户端密钥（如果有）",
  "Keep for next time, where this notebook runs, in ": "供下次使用，保存在运行此笔记本的机器上的 ",

  /* bearer.js */
  "Its kernel has not taken the answer yet: it is busy, or it has ended.":
    "内核尚未接收结果，可能正忙或已结束。",

  /* beside.js */
  "Looking for the way to the sign-in page…": "正在寻找通往登录页面的路径…",
  "This link leads to the kernel's machine, and nowhere if you sit at another. The demo needs jupyter-server-proxy for that: run pip install 'nb_oauth[demo]' where Jupyter runs, start Jupyter again, and run this cell.":
    "此链接指向内核所在的机器，从其他电脑无法打开。演示服务为此需要 jupyter-server-proxy：请在运行 Jupyter 的环境中执行 pip install 'nb_oauth[demo]'，重启 Jupyter，然后再次运行此单元格。",

  /* What the kernel says: how far it has come, and how it ended */
  "Sign in to {}": "登录 {0}",
  "Preparing…": "正在准备…",
  "Waiting for you to sign in to {}…": "正在等待您登录 {0}…",
  "Waiting for the app that you register with {}…": "正在等待您在 {0} 注册的应用…",
  "Fetching the token…": "正在获取令牌…",
  "Signed in to {}.": "已登录 {0}。",
  "Cancelled.": "已取消。",
  "The token was renewed.{}": "令牌已续期。[0]",
  " It is good until {}.": "有效期至 {0}。",
  "Signed out of {}: the tokens are forgotten here.": "已退出 {0}：此处的令牌已清除。",
  "Signed out of {}: the tokens are forgotten here. {}": "已退出 {0}：此处的令牌已清除。[1]",
  "{} has revoked the {}.": "{0} 已吊销[1]。",
  "refresh token": "刷新令牌",
  "access token": "访问令牌",
  "refresh token and access token": "刷新令牌和访问令牌",
  "{} has its own still, and login() uses that again: sign out there.":
    "{0} 仍保留自己的令牌，login() 会再次使用它：请在那里退出。",
  "{} has no revocation endpoint: there they live until their end.":
    "{0} 没有吊销端点：令牌在那里到期前仍然有效。",

  /* Beside what is typed */
  "They go to the provider once, and are kept nowhere.": "只发送给提供方一次，不会保存在任何地方。",
  "They go to {} and to no other server.": "只发送给 {0}，不会发送给其他服务器。",
  "If the page won't load after you have signed in, copy its address here, all of it to the end.":
    "如果登录后页面无法打开，请将其完整网址复制到这里。",
  'A newer sign-in of this notebook waits for the answer at the same address. Use that one; or press "New link" here to go on with this one.':
    "此笔记本中有一个更新的登录正在同一地址等待结果。请使用那一个；或者在此点击“换一个链接”，继续当前登录。",
  "The answer cannot come back to {} by itself ({}): after you have signed in, copy the address of the page here.":
    "登录结果无法自动返回 {0}（[1]）：登录后请将页面的网址复制到这里。",
  "another program listens there": "该端口已被其他程序占用",

  /* Why it is this way of signing in */
  "The answer comes back by itself: your browser and this kernel are on one machine.":
    "登录结果会自动返回：您的浏览器与此内核在同一台机器上。",
  "The answer comes back by itself through {}, where the app has {} among its registered redirect URIs.":
    "登录结果会通过[0]自动返回，前提是该应用已登记重定向 URI：{1}。",
  "The answer comes back by itself through {}.": "登录结果会通过[0]自动返回。",
  "this Jupyter server": "此 Jupyter 服务器",
  "this JupyterHub": "此 JupyterHub ",
  "The answer cannot come back by itself: your notebook's page does not reach {}, where the app is sent back to.{}":
    "登录结果无法自动返回：该应用的重定向 URI 是 {0}，而您的笔记本页面访问不到它。[1]",
  " To {} it would.": "若改为 {0} 则可以。",
  "The answer cannot come back by itself: your browser does not reach this kernel's machine, and {}.":
    "登录结果无法自动返回：您的浏览器访问不到内核所在的机器，而且[0]。",
  "this Jupyter server has no page to take it (pip install nb_oauth where it runs)":
    "此 Jupyter 服务器没有接收结果的页面（请在其环境中执行 pip install nb_oauth）",
  "this Jupyter server is reached by plain http, where anybody could read it":
    "此 Jupyter 服务器使用未加密的 http，任何人都可能读到结果",
  'By a device code. {} To paste the address instead: grant="authorization_code".':
    '使用设备代码登录。[0]如需改为粘贴网址：grant="authorization_code"。',
  "Device code: no browser can be opened on this machine.":
    "使用设备代码登录：这台机器上无法打开浏览器。",
  "Device code: {}.": "使用设备代码登录：[0]。",
  "{} offers no authorization code for a browser to bring back": "{0} 不提供可由浏览器带回的授权码",
  "for an authorization code {} wants a client_secret, too": "{0} 的授权码方式还要求 client_secret",
  "the browser cannot come back here from the app's redirect_uri, and need not":
    "浏览器无法从该应用的 redirect_uri 返回此处，也无需返回",
  "Authorization code with PKCE: {} offers it, and {}.":
    "使用带 PKCE 的授权码登录：{0} 支持此方式，而且[1]。",
  "the browser can come back here by itself": "浏览器可以自动返回此处",
  "what the browser shows at the end can be pasted here": "浏览器最后显示的内容可以粘贴到这里",
  "nothing that suits better": "没有更合适的方式",
  "Implicit grant: {} offers nothing better.": "使用隐式授权登录：{0} 没有提供更好的方式。",
  "Client credentials: {} has no way for a person to sign in, so the app acts as itself.":
    "使用客户端凭据：{0} 不支持个人登录，因此以应用自身的身份访问。",
  "The demo ends with the process that serves it, and what is in the store with it.":
    "演示服务随其进程一起结束，已存储的令牌也随之失效。",
  "RFC 9700 advises against the implicit grant, whose token passes through the browser: use AuthorizationCodeLogin where the provider has it.":
    "RFC 9700 不建议使用隐式授权，因为令牌会经过浏览器：如果提供方支持，请使用 AuthorizationCodeLogin。",
  "RFC 9700 says not to use the password grant, which shows your password to this program: use AuthorizationCodeLogin or DeviceLogin where the provider has them.":
    "RFC 9700 要求不要使用密码授权，因为此程序会接触到您的密码：如果提供方支持，请使用 AuthorizationCodeLogin 或 DeviceLogin。",

  /* What was wrong with an answer, and what to do */
  "{} Open the sign-in page again for another token.": "[0]请重新打开登录页面，获取新的令牌。",
  "{} A code works once and for a short time: open the sign-in page again for another.":
    "[0]授权码只在短时间内有效，且只能使用一次：请重新打开登录页面获取新的授权码。",
  "{} answered: {}. {}": "{0} 的回复：{1}。[2]",
  "Access was not granted: open the sign-in page again, or cancel.":
    "您没有获得授权：请重新打开登录页面，或者取消。",
  "It does not know all of the scope, or does not give it to this app: change scope=…, and run it again.":
    "它不认识所请求的某些权限，或者不授予此应用：请修改 scope=…，然后重新运行。",
  "The app is not registered for this: change that with the provider, or take another grant=…, and run it again.":
    "该应用没有为此注册：请在提供方处更改，或者改用其他 grant=…，然后重新运行。",
  "Take another grant=…, and run it again.": "请改用其他 grant=…，然后重新运行。",
  "Open the sign-in page again; if it stays so, check how the app is set up.":
    "请重新打开登录页面；如果问题依旧，请检查应用的设置。",
  "There is nothing in the box. {}": "输入框是空的。[0]",
  "This is neither an address nor a {}. {}": "这既不是网址，也不是[0]。[1]",
  "A {} alone is not safe to take here. {}": "这里不能安全地接受单独的[0]。[1]",
  "code": "授权码",
  "token": "令牌",
  "Paste the address of the page that you end on after signing in{}.":
    "请粘贴登录后最终到达的页面的网址[0]。",
  ": it begins with {}": "（以 {0} 开头）",
  "This is the sign-in link itself. Open it, sign in there, and paste the address of the page you end on.":
    "这是登录链接本身。请打开它并登录，然后粘贴最终到达的页面的网址。",
  "This address holds a parameter twice. {}": "此网址中有重复的参数。[0]",
  "This address holds no {}: the page has taken it away, or it was cut off. Open the sign-in page again.":
    "此网址中没有[0]：可能已被页面移除，或网址不完整。请重新打开登录页面。",
  "This address does not come from signing in: it holds no {}. {}":
    "此网址不是登录的结果：其中没有[0]。[1]",
  "This answer belongs to an older link. Open the newest one and sign in.":
    "此结果属于旧的链接。请打开最新的链接登录。",
  "This address belongs to another app. {}": "此网址属于另一个应用。[0]",
  "This address holds no state, or was cut off. {}": "此网址中没有 state，或网址不完整。[0]",
  "This answer belongs to another sign-in (its state is not the one of this link). Open the link shown here and sign in.":
    "此结果属于另一次登录（其 state 与此链接不符）。请打开这里显示的链接登录。",
  "{} Open the link shown here and sign in.": "[0]请打开这里显示的链接登录。",
  "{} always names itself in its answers, and this one does not.":
    "{0} 总会在回复中标明自己，而此回复没有。",
  "This answer comes from {}, not from {}. It was not used. Open the link shown here and sign in.":
    "此结果来自 {0}，而不是 {1}，因此未被使用。请打开这里显示的链接登录。",
  "This {} was tried already, and a {} works once here. Open the sign-in page again for another.":
    "此[0]已经用过，而这里每个[1]只能使用一次。请重新打开登录页面获取新的。",
  "This sign-in is over already.": "此次登录已经结束。",
  "Access was not granted. Get a new code to try again, or cancel.":
    "您没有获得授权。请换一个代码重试，或者取消。",
  "The provider knows this code no more. Get a new one.": "提供方已不认识此代码。请换一个。",
  "The code ran out before anybody entered it. Get a new one.": "代码在输入之前已过期。请换一个。",
  "Type both your name and your password.": "请输入用户名和密码。",
  "Wrong name or password. The provider said {}{}. Check the name and the password, and type the password again.":
    "用户名或密码不正确（提供方的回复：{0}{1}）。请检查用户名，并重新输入密码。",
  "{} Type the password again to try once more.": "[0]请重新输入密码再试一次。",
  "Type the client ID that {} shows for your app.": "请输入 {0} 为您的应用显示的客户端 ID。",
  "{} lets in no app without a secret: type the one that it gave yours.":
    "{0} 不接受没有密钥的应用：请输入它为您的应用提供的密钥。",
  "The {} has a space or a character in it that is in none. Copy it again, and nothing beside it.":
    "[0]中含有空格或不允许的字符。请重新复制，不要包含其他内容。",
  "client ID": "客户端 ID",
  "client secret": "客户端密钥",
  "The ID and the secret are the same. Copy each from its own place.":
    "ID 与密钥相同。请分别从各自的位置复制。",
  "{} Or go on without keeping them.": "[0]也可以不保存而继续。",
};
export { WORDS };
